"""Benchmarks: tables of speed, latency and quality, measured on this machine."""
