"""Master data of the demonstration, as files a coordinator could have written."""
