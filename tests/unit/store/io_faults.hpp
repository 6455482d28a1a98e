/// Makes the n-th write or sync of this program fail, as a bad disk does.
///
/// The program defines pwrite, writev and fdatasync itself, so the dynamic linker gives these to LMDB in place of
/// libc's. Only the thread called "store" is hit, so files of the test itself are safe.
#pragma once

#include <cstdint>

namespace toolrack::testing {

struct IoFault {
  std::int64_t nth = 0;         ///< The first call that fails, counted from now; 0: none.
  std::int64_t count = 1;       ///< How many calls fail from there on.
  int error = 0;                ///< errno.
  bool is_done_anyway = false;  ///< The bytes reach the file although the call says they did not.
};

void set_io_fault(const IoFault& fault);
/// Calls that failed since `set_io_fault`.
std::int64_t io_faults();

}  // namespace toolrack::testing
