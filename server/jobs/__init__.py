"""What happens without a person asking."""
