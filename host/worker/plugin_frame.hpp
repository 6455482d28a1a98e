/// Calling a plugin's functions so that an exception does not end the host.
///
/// Nothing may throw across the ABI, and the SDK sees to it. A plugin that does it all the same, from C++ by a cast or
/// from another language, is survived wherever its exception can be caught: when it uses the host's libstdc++. One that
/// carries a libstdc++ of its own, or throws from a function that is noexcept itself, has ended the process before it
/// reaches us; a release() of lent bytes is not guarded.
#pragma once

#include <exception>
#include <string>
#include <utility>

namespace toolrack::worker {

/// The same function without its promise, so that the compiler leaves a way out for exceptions.
template <typename Result, typename... Arguments>
auto may_throw(Result (*function)(Arguments...) noexcept) noexcept {
  return static_cast<Result (*)(Arguments...)>(function);
}
template <typename Result, typename... Arguments>
auto may_throw(Result (*function)(Arguments...)) noexcept {
  return function;
}

/// "it threw: text", of the exception that is being handled.
inline std::string describe_thrown() {
  try {
    throw;
  } catch (const std::exception& error) {
    return std::string("it threw: ") + error.what();
  } catch (...) {
    return "it threw something that is no std::exception";
  }
}

}  // namespace toolrack::worker
