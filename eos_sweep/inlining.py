"""How numba compiles a function that is inlined wherever it is called: optimised, but never made machine code.

A kernel consists of a hundred such functions.  Numba would make machine code of each, wrap it for callers in C, and let
its execution engine load it.  Nothing ever calls that code: what inlines a function takes its LLVM module.  A kernel
without it compiles in 3/4 of the time, with the same machine code of its own.

Nothing here can change a number, so digests do not look into this module.
"""

from typing import Any

from numba import _dynfunc
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.typed_passes import NativeLowering, NopythonRewrites


class _Library(JITCodeLibrary):
    """The module of a function that is only linked into others; the execution engine does not get it."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class _InlinedLowering(NativeLowering):
    """Lowering to LLVM without the machine code."""

    _name = "inlined_lowering"

    def run_pass(self, state: Any) -> bool:
        """Lower a function, and register its module for those that call it."""
        library = state.library = _Library(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        state.flags.no_compile = False
        library.finalize()
        lowered = state["cr"]
        # Numba finds a function by an object of this kind, whose address of the code is 0: it is not for calls.
        key = _dynfunc.make_function(
            lowered.fndesc.lookup_module(), lowered.fndesc.qualname, "inlined", 0, lowered.env, (library,)
        )
        state.targetctx.insert_user_function(key, lowered.fndesc, [library])
        state["cr"] = lowered._replace(cfunc=key)
        return True


class Inlined(CompilerBase):
    """Numba's compiler for nopython mode with another lowering, and without what it does for expressions of arrays."""

    def define_pipelines(self) -> list[PassManager]:
        """Return the passes."""
        passes = PassManager("inlined")
        for each, description in DefaultPassBuilder.define_nopython_pipeline(self.state).passes:
            if each is not NopythonRewrites:
                passes.add_pass(_InlinedLowering if each is NativeLowering else each, description)
        passes.finalize()
        return [passes]
