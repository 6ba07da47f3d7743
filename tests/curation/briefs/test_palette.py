from curation.briefs.palette import COLOURS
from generation.emblems import vocabulary


def test_colours_offered_are_those_the_agents_know():
    known = {name: f"#{r:02x}{g:02x}{b:02x}" for name, (r, g, b) in vocabulary.COLOURS.items()}
    assert known == COLOURS
