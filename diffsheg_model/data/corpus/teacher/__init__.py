"""The rule-based teacher: motion for speech with known phones and words.

Imports: motion.
"""
