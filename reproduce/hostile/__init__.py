"""Inputs as nobody should write them, and screens that are killed: is each answered or refused?"""
