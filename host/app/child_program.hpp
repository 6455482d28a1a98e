/// A program that is run to its end, with everything it starts, or until somebody has had enough.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace toolrack::app {

/// Runs `words` (the program, found on PATH, and its arguments) in a process group of its own and returns its exit
/// status. Its output goes to stderr, as ours does; with `said`, it goes there as it comes, and only there. It reads
/// nothing.
///
/// When `stop` (a descriptor, waited for with POLLIN) becomes readable, the whole group is ended: kCancelled.
/// kUnavailable when there is no such program, kToolError when a signal ended it.
base::Result<int> run_program(std::vector<std::string> words, int stop,
                              const std::function<void(std::string_view piece)>& said = nullptr);

}  // namespace toolrack::app
