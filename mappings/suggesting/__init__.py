"""What a suggestion is made of: words, the meanings that businesses give them, rates of tax, and what was learned."""
