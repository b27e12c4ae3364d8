"""ase-ecn"""
