"""Items of an agency's messages: where they say what, and what becomes of them."""
