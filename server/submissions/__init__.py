"""What phones send, kept as it came."""
