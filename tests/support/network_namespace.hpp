/// Tests that dial forbidden addresses run where no packet can leave the machine: in a network namespace of their own
/// that has nothing but a loopback interface.
///
///     TEST(Guard, Refuses...) {
///       TOOLRACK_TEST_IN_NAMESPACE();
///       namespace_add_address("203.0.113.10");
///       ...
///     }
///
/// The test's program runs that one test again under `unshare`; needs root or unprivileged user namespaces, else it is
/// skipped with the reason.
#pragma once

#include <gtest/gtest.h>

#include <string>

namespace toolrack::test {

struct NamespaceRun {
  enum class Where { kInside, kOutside, kImpossible };
  Where where;
  std::string reason;  ///< Why it is impossible.
};
/// Inside: sets the loopback interface up. Outside: runs the present test inside, and fails it when that fails.
NamespaceRun enter_namespace();

#define TOOLRACK_TEST_IN_NAMESPACE()                                                                 \
  do {                                                                                               \
    const auto run = ::toolrack::test::enter_namespace();                                            \
    if (run.where == ::toolrack::test::NamespaceRun::Where::kImpossible) GTEST_SKIP() << run.reason; \
    if (run.where == ::toolrack::test::NamespaceRun::Where::kOutside) return;                        \
  } while (false)

/// Gives the loopback interface one more address, of either family. Inside only.
void namespace_add_address(const std::string& address);
/// Names are asked of this server (port 53) only, and of no hosts file. Inside only.
void namespace_use_resolver(const std::string& address);

}  // namespace toolrack::test
