"""The audit log and public record, sealed in blocks."""
