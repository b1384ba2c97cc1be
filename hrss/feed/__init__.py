"""
Transcripts for others: what was said goes through RabbitMQ into a database of its own, where reports are made.

The shared database is the truth. Every conversation knows how many of its messages have been told (`told_seq`), so that
what waits is a query and not a second record: a message waits from the moment its own transaction stands. A relay
publishes and moves that number once RabbitMQ has confirmed; a consumer writes, and acknowledges once that stands. Each of
the three may be killed at any time: what is told twice is known by its conversation, number and edition.
"""
