"""The daemon: takes every crash of the machine from the kernel to an analysed fault in the archive.

`supervisor` holds what must not be lost and starts everybody else; the others are killable: `receiver`, `selector`, `committer`,
`broker`, `analyser`. `stages` is the way of a fault through them.
"""
