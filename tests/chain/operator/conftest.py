from tests.chain.operating import chain, contracts, curation, gallery, keys_folder

__all__ = ["chain", "contracts", "curation", "gallery", "keys_folder"]
