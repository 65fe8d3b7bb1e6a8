"""Codes of the text itself, of names and of values (E0xxx, E1xxx and their warnings)."""

from __future__ import annotations

from typing import Final

from specc.diagnostics.code import Code, register

_FILE: Final = (
    Code(
        "E0001",
        "error",
        "file not found",
        "No file exists at the path given. Paths are relative to the current folder.",
    ),
    Code(
        "E0002",
        "error",
        "not a file",
        "The path leads to a folder or a device. specc reads one .hwspec file at a time.",
    ),
    Code(
        "E0003",
        "error",
        "empty file",
        "The file holds no text. The smallest spec names its edition and declares a model.",
    ),
    Code(
        "E0004",
        "error",
        "binary file",
        "The file contains a NUL byte, which no text does. A .tflite or .onnx model is not itself a spec.",
    ),
    Code(
        "E0005",
        "error",
        "not UTF-8",
        "Spec files are UTF-8, so that `±` and `µs` mean the same on every machine. The message gives the\n"
        "first byte that is not. `+-`, `us` and `<=` are plain ASCII spellings of the same signs.",
    ),
    Code(
        "E0006",
        "error",
        "file too large",
        "A spec of every layer of a large network stays below 100 KB. A file of more than 1 MiB is\n"
        "taken for an accident and not read.",
    ),
    Code(
        "E0007",
        "error",
        "file cannot be read",
        "The operating system refused to open the file; the message gives its reason.",
    ),
)

_TEXT: Final = (
    Code(
        "E0010",
        "error",
        "unexpected character",
        "The language does not use this character. The usual causes are signs of other languages:\n\n"
        "    kernel = 3x3        write: kernel 3x3\n"
        "    kernel 3x3;         write: kernel 3x3\n"
        "    // comment          write: # comment",
    ),
    Code(
        "E0011",
        "error",
        "string without end",
        'A string begins and ends with a double quote on the same line: "wake on gesture". A quote inside is\n'
        'written \\".',
    ),
    Code(
        "E0012",
        "error",
        "misplaced word or sign",
        "Items end at the end of the line or, within a line, at a comma. A block follows the words it belongs\n"
        "to:\n\n"
        "    conv c1 { kernel 3x3, filters 8 }\n"
        "    dense d1 { units 4 }",
    ),
    Code(
        "E0013",
        "error",
        "block is never closed",
        "A `{` has no `}`. specc looks at the indentation to tell where the block must have ended: a line\n"
        "that is indented no deeper than the line that opened the block is outside of it.",
    ),
    Code(
        "E0014",
        "error",
        "brace closes nothing",
        "A `}` stands where no block is open. Either it is one too many or a `{` is missing.",
    ),
    Code(
        "E0015",
        "error",
        "blocks nested too deep",
        "No section of the language needs more than three blocks inside one another; specc stops at sixteen.",
    ),
    Code(
        "E0016",
        "error",
        "section without block",
        "A section is a keyword, a name and a block. The `{` stands on the line of the keyword:\n\n"
        "    target m4 {\n"
        "      use stm32f407\n"
        "    }",
    ),
    Code(
        "E0017",
        "error",
        "unknown escape",
        'In a string, a backslash stands before a quote (\\") or before another backslash (\\\\).',
    ),
    Code(
        "E0018",
        "error",
        "malformed table row",
        "Every row of a table begins and ends with `|` and has as many cells as the header. A cell may be\n"
        "empty:\n\n"
        "    | layer | bits | range | step | guard |\n"
        "    | conv  | 8    | ±3.2  | 0.01 |       |",
    ),
    Code(
        "E0019",
        "error",
        "too many syntax errors",
        "So many lines are wrong that the text is hardly a spec. specc stops reading.",
    ),
    Code(
        "E0020",
        "error",
        "malformed number",
        "Numbers are decimal, may be grouped with `_` and may carry an exponent: 10_000, 0.0003, 1e-3. They\n"
        "have at most 40 digits, and exponents from -30 to 30. A range runs from the smaller to the larger\n"
        "value: 40.6..48.0 mW.",
    ),
    Code(
        "W0101",
        "warning",
        "ambiguous unit",
        "`KB` and `MB` mean powers of 1000 to some and powers of 1024 to others: 2.4 % apart for KB, 4.9 %\n"
        "for MB. specc reads them as KiB (1024 bytes) and MiB (1048576 bytes). Write those to say what you\n"
        "mean.",
    ),
)

_NAMES: Final = (
    Code(
        "E1001",
        "error",
        "no edition",
        "The first line of a spec names the edition of the language, so that a later edition cannot change\n"
        "what the file means:\n\n"
        "    hwspec 1",
    ),
    Code(
        "E1002",
        "error",
        "unknown edition",
        "This version of specc does not read that edition of the language.",
    ),
    Code(
        "E1003",
        "error",
        "unknown section or layer kind",
        "A file consists of the sections model, quantization, schedule, target, hardware, budget, harness,\n"
        "instrument, guidelines, dataset and experiments. A model consists of an input, weights, and layers:\n"
        "conv, dwconv, dense, avgpool, maxpool, add, relu, relu6, sigmoid, tanh, softmax, flatten.",
    ),
    Code(
        "E1004",
        "error",
        "unknown option",
        "The section or layer has no option of this name. A word that specc does not know is never skipped:\n"
        "it would be a requirement that nobody checks.",
    ),
    Code(
        "E1005",
        "error",
        "something is missing",
        "The item needs a value, an option or a block that is not there. Nothing is filled in by guess.",
    ),
    Code(
        "E1006",
        "error",
        "given twice",
        "Two places define the same thing. The message shows both; keep one. specc does not let the last one\nwin.",
    ),
    Code(
        "E1007",
        "error",
        "wrong kind of value",
        "The value is of another kind than the item needs: a word for a number, a size for a word.",
    ),
    Code(
        "E1008",
        "error",
        "wrong dimension",
        "The unit measures something else: a latency is a time, a memory budget an amount of memory.\n\n"
        "    latency total <= 1 ms\n"
        "    memory  sram  <= 12 KiB",
    ),
    Code(
        "E1009",
        "error",
        "unknown unit",
        "Units are a fixed list, so that a misspelt unit cannot become a new one: s ms us ns, Hz kHz MHz GHz,\n"
        "B KiB MiB, J mJ uJ nJ, W mW uW, V, A mA uA, %, USD EUR and a few more.",
    ),
    Code(
        "E1010",
        "error",
        "value out of bounds",
        "The value is a number, but none that can be meant. The message gives the bounds.",
    ),
    Code(
        "E1011",
        "error",
        "unknown name",
        "The name is not declared in this file, and for hardware not in the library that specc ships (`specc\n"
        "targets`). The counters of an `instrument` are a fixed list for each kind of target: see the\n"
        "language reference, docs/language.md.",
    ),
    Code(
        "E1012",
        "error",
        "no model",
        "A spec declares one model; everything else refers to it.",
    ),
    Code(
        "E1013",
        "error",
        "options that exclude each other",
        "Both cannot hold at once; the message shows the two.",
    ),
    Code(
        "E1014",
        "error",
        "surplus value",
        "The item is complete before its last words. Items on one line are separated by commas, and several\n"
        "layers are joined by `+`: `from a + b`, `latency mlp1+mlp2 <= 1 ms`.",
    ),
    Code(
        "E1015",
        "error",
        "unusable name",
        "Names have letters, digits and `_`, begin with no digit, and are at most 64 long.",
    ),
    Code(
        "E1016",
        "error",
        "unknown choice",
        "The value is one of a closed list, and this is not on it.",
    ),
    Code(
        "E1017",
        "error",
        "fact without source",
        "A figure about hardware counts only with its source, because documents quote both. `source` is for\n"
        "the maker's own documents, `published` for measurements by others:\n\n"
        '    sram 192 KiB source "DS8626 Rev 10, section 2.2.5"',
    ),
    Code(
        "E1018",
        "error",
        "layer used before it is declared",
        "Layers run in the order of the file, so that an input must stand above its reader, and the input of\n"
        "the network above every layer.",
    ),
    Code(
        "E1019",
        "error",
        "compiler flag not allowed",
        "A spec may come from anyone, and a compiler can read files, write files and load code. Only\n"
        "optimisation levels and a few optimisations may be set: -O0 to -O3, -Os, -Oz, -funroll-loops,\n"
        "-fvectorize and their opposites. The name of a compiler may stand before them: `gcc -O2`, for a\n"
        "target that is this computer, instead of the Clang that comes with specc.",
    ),
    Code(
        "W1101",
        "warning",
        "output that nobody reads",
        "The layer (or input) takes time and memory, and no layer uses what it gives.",
    ),
    Code(
        "W1102",
        "warning",
        "hardware that nobody uses",
        "The section declares hardware, and no target says `use` with its name.",
    ),
)

register(*_FILE, *_TEXT, *_NAMES)
