/// Running a library's static constructors ourselves, after the dynamic linker has mapped it.
///
/// The dynamic linker runs them inside dlopen, while it holds its lock: one that does not return stops every other
/// thread that loads, unloads or first touches a thread_local, and one that throws leaves the lock held for ever. So
/// they are hidden from it in our private copy, and run where an exception can be caught and nobody else waits.
/// Constructors of libraries that the plugin needs, and IFUNC resolvers, stay with the dynamic linker.
///
/// Beside elf_reader, the only file of the loader that knows ELF.
#pragma once

#include <filesystem>

#include "sources/native/load_error.hpp"

namespace toolrack::sources::native {

/// Edits `copy`, which has passed read_elf and is nobody's but ours. kCopy when it cannot be written.
LoadResult<void> hide_constructors(const std::filesystem::path& copy);

/// Runs what was hidden in the library behind `handle` (of dlopen), once, in its order. Throws what they throw.
void run_constructors(void* handle);

}  // namespace toolrack::sources::native
