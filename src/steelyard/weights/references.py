"""Dotted names that files ask to be imported, and which of them are known to be harmless."""

import re

KNOWN = re.compile(
    r"^(?:keras|keras_nlp|keras_cv|keras_hub|transformers|diffusers|peft|sentence_transformers|"
    r"torch\.(?:nn|optim|float\w+|bfloat16|utils\.data)|torchvision|torchaudio|nemo|"
    r"pytorch_lightning|lightning|omegaconf|flax|optax|jax\.nn|timm|megatron|apex)(?:\.|$)"
)
"""Libraries whose classes configurations name as a matter of course."""

DENIED = re.compile(
    r"^(?:os|posix|nt|subprocess|sys|shutil|socket|pty|ctypes|importlib|runpy|code|codeop|"
    r"builtins|__builtin__|pickle|_pickle|cloudpickle|dill|joblib|marshal|shelve|webbrowser|"
    r"urllib|requests|httpx|http|ftplib|smtplib|pip|platform|multiprocessing|threading|asyncio|"
    r"tempfile|pathlib|io|site|pdb|timeit|cProfile|profile|trace|inspect|types|operator|"
    r"functools|pkgutil|zipimport|torch\.(?:load|hub|jit|utils\.(?:cpp_extension|model_zoo)|"
    r"storage|serialization|package)|numpy\.(?:load|testing|f2py|distutils)|"
    r"keras\.(?:utils\.get_file|src\.utils\.file_utils|saving\.load_model|models\.load_model)|"
    r"keras\.config\.enable_unsafe_deserialization|"
    r"transformers\.utils\.hub|nemo\.core\.utils\.process_launcher)(?:\.|$)"
)
"""Modules (or single functions) that a configuration has no honest reason to call."""

UNSAFE_CALL = re.compile(r"(?:^|\.)(?:eval|exec|compile|__import__|system|popen|get_file|"
                         r"load_model|unsafe\w*|enable_unsafe_deserialization)$")  # fmt: skip


def is_denied(name: str) -> bool:
    """Whether calling `name` from a configuration can only do harm."""
    return bool(DENIED.match(name) or UNSAFE_CALL.search(name))


def is_known(name: str) -> bool:
    """Whether `name` belongs to a library whose classes configurations name."""
    return bool(KNOWN.match(name)) and not is_denied(name)
