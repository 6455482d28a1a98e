/// Plugins that are replaced while they serve.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "native_fixture.hpp"

namespace toolrack::sources::native {

class Swap : public NativeFixture {
 protected:
  /// Each version of the tests' plugins has what its test needs; what a version may not take away: compatible_test.cpp.
  Swap() { settings.allow_breaking = true; }
  using Tools = std::vector<std::shared_ptr<const registry::Tool>>;

  static const registry::Skill& skill_of(const Tools& tools, const std::string& name) {
    for (const auto& one : tools[0]->skills)
      if (one.name == name) return one;
    std::abort();
  }
  Answer call_one(const registry::Skill& skill) {
    TestCall one(skill, "{}", loops[0]);
    one.start();
    return one.wait();
  }
  std::uint64_t closed() { return metrics.counter("toolrack_plugin_closed_total", "").value(); }
  std::vector<PluginFile> rows(const std::string& name) const {
    std::vector<PluginFile> out;
    for (auto& one : source->files())
      if (std::filesystem::path(one.path).filename() == name + ".so") out.push_back(std::move(one));
    return out;
  }
};

}  // namespace toolrack::sources::native
