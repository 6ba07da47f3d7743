from pathlib import Path

from project.vendor import VENDORED, VendorFinder


def test_every_file_named_is_there_and_its_licence_with_it():
    finder = VendorFinder()
    found = {storage.prefix + "/" + name for name, storage in finder.list([])}
    assert found == {f"{prefix}/{name}" for prefix, _, names in VENDORED for name in names}
    for path in found:
        assert Path(finder.find(path)).stat().st_size > 500
        assert finder.find(path, find_all=True) == [finder.find(path)]
    assert all("LICENSE" in names for _, _, names in VENDORED)


def test_nothing_else_of_a_package_is_found():
    finder = VendorFinder()
    for path in ("package.json", "index.js", "../noble/sha3.js", "sha3.js/", "../../../manage.py"):
        assert finder.find(f"vendor/noble/{path}") == []


def test_files_import_only_what_is_served_beside_them():
    finder = VendorFinder()
    for prefix, _, names in VENDORED:
        for name in names:
            if not name.endswith(".js"):
                continue
            for line in Path(finder.find(f"{prefix}/{name}")).read_text().splitlines():
                if line.startswith(("import ", "export {")) and " from " in line:
                    assert line.split('"')[1].removeprefix("./") in names
