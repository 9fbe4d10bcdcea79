"""What the tests need: servers, kernels, faults; and the tests of those."""
