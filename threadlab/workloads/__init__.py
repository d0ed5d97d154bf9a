"""What the threads work on: orders, CPU-bound work, downloads and the local web site."""
