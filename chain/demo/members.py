"""The ten accounts every anvil unlocks, as regulars of the salon.

Their keys are known to the whole world: on any other chain they are worth nothing.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoMember:
    """Somebody to be while trying things out."""

    name: str
    address: str  # EIP-55


DEMO_MEMBERS = (
    DemoMember("Amaru Quispe", "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"),
    DemoMember("Berthe Lacombe", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"),
    DemoMember("Chidi Okonjo", "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"),
    DemoMember("Dilshod Karimov", "0x90F79bf6EB2c4f870365E785982E1f101E93b906"),
    DemoMember("Eun-ji Baek", "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65"),
    DemoMember("Freya Halvorsen", "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc"),
    DemoMember("Gaspard Aydin", "0x976EA74026E726554dB657fA54763abd0C3a0aa9"),
    DemoMember("Hemi Parata", "0x14dC79964da2C08b23698B3D3cc7Ca32193d9955"),
    DemoMember("Ivo Carvalhal", "0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f"),
    DemoMember("Jamila Farouk", "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720"),
)
DEMO_ADDRESSES = frozenset(member.address.lower() for member in DEMO_MEMBERS)
