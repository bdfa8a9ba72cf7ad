"""The door for partners and apps."""
