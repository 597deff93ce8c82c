"""Studies: many settings of pairs and training on one workspace, each measured on the same queries.

    python -m graphtune.study STUDY.toml

A study shows what every part is worth: each variant is trained with several seeds, ranked on BEIR
folders, and compared with the untrained base query by query. What is measured is stored at once.
"""
