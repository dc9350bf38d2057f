"""What is measured rather than tested: tables of this machine's figures."""
