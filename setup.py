"""What of the build depends on the interpreter and the compiler; the rest is in pyproject.toml."""

import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

OLDEST = (3, 11)
"""The Python whose stable ABI the extensions keep to: they run in it and in all later ones."""

# A free-threaded Python has no stable ABI to keep to: each of its versions has its own wheels.
STABLE = not sysconfig.get_config_var("Py_GIL_DISABLED")

# Their vectors are those of GCC and Clang. Without them PyTorch does the same work.
NOT_FOR_MSVC = {"ase_ecn.nn.lattice_pass._pass", "ase_ecn.nn.so3._convolution"}


class BuildExtensions(build_ext):
    """Flags in pyproject.toml are those of GCC and Clang."""

    def finalize_options(self) -> None:
        """Name the files by the ABI that they keep to."""
        for extension in self.distribution.ext_modules or []:
            extension.py_limited_api = STABLE
        super().finalize_options()

    def build_extension(self, ext: Extension) -> None:
        """Compile one, with the flags that the compiler knows."""
        if STABLE:
            ext.define_macros = [("Py_LIMITED_API", "0x{:02x}{:02x}0000".format(*OLDEST))]
        if self.compiler.compiler_type == "msvc":
            if ext.name in NOT_FOR_MSVC:
                self.warn(f"{ext.name} is left out: it needs GCC or Clang")
                return
            ext.extra_compile_args, ext.extra_link_args = ["/std:c11"], []
        super().build_extension(ext)

    def copy_extensions_to_source(self) -> None:
        """Put them into a checkout."""
        super().copy_extensions_to_source()
        for ext in self.extensions if STABLE else []:
            *folders, name = ext.name.split(".")
            # One that was built for this Python alone would be found first.
            for older in Path(*folders).glob(f"{name}.cpython-*"):
                older.unlink()


setup(
    cmdclass={"build_ext": BuildExtensions},
    options={"bdist_wheel": {"py_limited_api": "cp{}{}".format(*OLDEST)}} if STABLE else {},
)
