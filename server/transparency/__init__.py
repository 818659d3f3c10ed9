"""The public record, the seal, and verification."""
