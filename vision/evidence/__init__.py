"""Proof: pictures, clips, sealed packages and their verification."""
