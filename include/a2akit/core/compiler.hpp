#pragma once

/// Refuses compilers that are known to miscompile coroutines. Every public header that declares one
/// includes this.
///
/// GCC 12 and 13 destroy temporaries inside a `co_await` expression twice, without a warning: an
/// ordinary line such as `co_await ctx.complete(ok ? a : b)` corrupts the heap. Clang 19 and GCC 14
/// are tested and compile them correctly. Define A2AKIT_ALLOW_UNSAFE_COMPILER to build anyway, at
/// your own risk.
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 14 && \
    !defined(A2AKIT_ALLOW_UNSAFE_COMPILER)
#error \
    "a2akit: GCC before 14 miscompiles coroutines. Use clang 19 (Debian: apt-get install clang-19, then cmake -DCMAKE_CXX_COMPILER=clang++-19) or GCC 14. -DA2AKIT_ALLOW_UNSAFE_COMPILER overrides this check."
#endif
