"""simcustomer: practise hard customer conversations with a simulated customer, and be scored."""

__version__ = "0.1.0"
