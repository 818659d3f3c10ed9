"""Items, price lists and exchange rates."""
