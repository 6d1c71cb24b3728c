"""What the API of paging takes and gives, a file for each noun."""
