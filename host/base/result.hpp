/// How host code says "this may fail": a value or an Error, never an exception.
///
/// Exceptions are tolerated only from third-party libraries and are converted at that file's edge.
#pragma once

#include <tl/expected.hpp>

#include <type_traits>
#include <utility>

#include "base/error.hpp"

namespace toolrack::base {

template <typename T>
using Result = tl::expected<T, Error>;

/// `return fail(ErrorCode::kToolNotFound, "...");` in any function that returns a Result.
template <typename... Args>
[[nodiscard]] tl::unexpected<Error> fail(Args&&... args) {
  return tl::unexpected<Error>(Error(std::forward<Args>(args)...));
}

namespace detail {
/// What TRY yields: the value, or nothing for Result<void>.
template <typename T>
T take(tl::expected<T, Error>&& result) {
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}
}  // namespace detail

}  // namespace toolrack::base

/// The value of a Result, or return its error to the caller: `auto tool = TRY(catalogue.find(name));`
#define TRY(expression)                                                                \
  ({                                                                                   \
    auto&& try_result = (expression);                                                  \
    if (!try_result) [[unlikely]]                                                      \
      return ::tl::unexpected<::toolrack::base::Error>(std::move(try_result).error()); \
    ::toolrack::base::detail::take(std::move(try_result));                             \
  })

/// The same inside a coroutine.
#define CO_TRY(expression)                                                                \
  ({                                                                                      \
    auto&& try_result = (expression);                                                     \
    if (!try_result) [[unlikely]]                                                         \
      co_return ::tl::unexpected<::toolrack::base::Error>(std::move(try_result).error()); \
    ::toolrack::base::detail::take(std::move(try_result));                                \
  })
