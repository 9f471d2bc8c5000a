"""The checks of an inspection: each looks at what was measured and says what is wrong."""
