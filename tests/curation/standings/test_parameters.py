"""Parameters as they are published."""

from __future__ import annotations

import json

import pytest

from curation.standings.parameters import Parameters


def test_parameters_come_back_from_json_as_they_were():
    parameters = Parameters(unit_wei=2**200 + 1, cap=0.1 + 0.2, shares_bps=(10_000,))
    text = json.dumps(parameters.as_json())
    assert Parameters.from_json(json.loads(text)) == parameters
    assert json.loads(text)["unit_wei"] == str(2**200 + 1)


def test_an_unknown_or_missing_parameter_is_refused():
    values = Parameters().as_json()
    with pytest.raises(TypeError, match="surprise"):
        Parameters.from_json({**values, "surprise": 1})
    with pytest.raises(KeyError, match="unit_wei"):
        Parameters.from_json({name: values[name] for name in values if name != "unit_wei"})
