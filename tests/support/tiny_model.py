"""A language model with one layer of random weights, in the format GGUF, which llama.cpp runs.

It answers any text with printable characters, always the same ones. Without an end-of-text among them, it goes on for
as long as it is let.
"""
import array
import random
import struct
import sys

UINT32, INT32, FLOAT32, STRING, ARRAY = 4, 5, 6, 8, 9  # types of GGUF's metadata
FORMATS = {UINT32: "<I", INT32: "<i", FLOAT32: "<f"}
NORMAL, CONTROL, BYTE = 1, 3, 6  # types of tokens
WIDTH, INNER, HEADS = 32, 64, 2

PRINTABLE = ["\N{LOWER ONE EIGHTH BLOCK}", *map(chr, range(33, 127))]  # the first stands for a space
TOKENS = (["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)] + PRINTABLE)
FIRST_PRINTABLE = len(TOKENS) - len(PRINTABLE)


def string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def value(kind, of):
    return string(of) if kind == STRING else struct.pack(FORMATS[kind], of)


def entry(key, kind, of):
    if isinstance(of, list):
        return string(key) + struct.pack("<IIQ", ARRAY, kind, len(of)) + b"".join(value(kind, one) for one in of)
    return string(key) + struct.pack("<I", kind) + value(kind, of)


def metadata(context_length):
    kinds = [CONTROL] * 3 + [BYTE] * 256 + [NORMAL] * len(PRINTABLE)
    return [
        entry("general.architecture", STRING, "llama"), entry("general.name", STRING, "tiny"),
        entry("llama.block_count", UINT32, 1), entry("llama.context_length", UINT32, context_length),
        entry("llama.embedding_length", UINT32, WIDTH), entry("llama.feed_forward_length", UINT32, INNER),
        entry("llama.attention.head_count", UINT32, HEADS),
        entry("llama.attention.layer_norm_rms_epsilon", FLOAT32, 1e-5),
        entry("llama.rope.dimension_count", UINT32, WIDTH // HEADS),
        entry("tokenizer.ggml.model", STRING, "llama"), entry("tokenizer.ggml.tokens", STRING, TOKENS),
        entry("tokenizer.ggml.scores", FLOAT32, [0.0] * len(TOKENS)),
        entry("tokenizer.ggml.token_type", INT32, kinds),
        entry("tokenizer.ggml.bos_token_id", UINT32, 1), entry("tokenizer.ggml.eos_token_id", UINT32, 2)]


def tensors():
    """Names, dimensions and weights. What the model never says has no weight in the output."""
    source = random.Random(7)

    def weights(count):
        return array.array("f", (source.gauss(0, 1) for _ in range(count)))

    def ones():
        return array.array("f", [1.0] * WIDTH)

    silent = array.array("f", bytes(4 * WIDTH * FIRST_PRINTABLE))
    square = WIDTH * WIDTH
    return [
        ("token_embd.weight", (WIDTH, len(TOKENS)), weights(WIDTH * len(TOKENS))),
        ("output_norm.weight", (WIDTH,), ones()),
        ("output.weight", (WIDTH, len(TOKENS)), silent + weights(WIDTH * len(PRINTABLE))),
        ("blk.0.attn_norm.weight", (WIDTH,), ones()), ("blk.0.ffn_norm.weight", (WIDTH,), ones()),
        *((f"blk.0.attn_{name}.weight", (WIDTH, WIDTH), weights(square)) for name in ("q", "k", "v", "output")),
        ("blk.0.ffn_gate.weight", (WIDTH, INNER), weights(WIDTH * INNER)),
        ("blk.0.ffn_up.weight", (WIDTH, INNER), weights(WIDTH * INNER)),
        ("blk.0.ffn_down.weight", (INNER, WIDTH), weights(WIDTH * INNER))]


def write(path, context_length):
    """`context_length`: the tokens, about one per character, that a conversation may have."""
    described, data = b"", b""
    all_tensors = tensors()
    for name, dimensions, weights in all_tensors:
        described += string(name) + struct.pack(f"<I{len(dimensions)}Q", len(dimensions), *dimensions)
        described += struct.pack("<IQ", 0, len(data))  # 0: 32-bit floats
        if sys.byteorder == "big":
            weights.byteswap()
        data += weights.tobytes()
        data += bytes(-len(data) % 32)
    entries = metadata(context_length)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(all_tensors), len(entries)) + b"".join(entries) + described
    with open(path, "wb") as file:
        file.write(head + bytes(-len(head) % 32) + data)
