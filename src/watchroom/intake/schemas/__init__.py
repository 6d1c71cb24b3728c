"""What the API of intake takes and gives, a file for each noun."""
