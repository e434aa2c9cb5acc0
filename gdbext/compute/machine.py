"""What kernels are compiled for: this processor, with bounds checks or without."""

from __future__ import annotations

import os

from llvmlite import binding

CHECKED = "GDBEXT_BOUNDS"
"""Set, kernels prove each index of an array and fail (KernelFault) at one outside of it: for tests."""


def machine() -> binding.TargetMachine:
    """This processor."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    cpu, features = processor()
    target = binding.Target.from_default_triple()
    return target.create_target_machine(
        cpu=cpu, features=features, opt=3, reloc="default", codemodel="jitdefault", jit=True
    )


def processor() -> tuple[str, str]:
    """Its name and what it can do."""
    return binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()


def checked() -> bool:
    """Whether kernels are compiled with bounds checks."""
    return bool(os.environ.get(CHECKED))
