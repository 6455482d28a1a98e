/// Tools for tests, made of little text.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "registry/tool.hpp"

namespace toolrack::registry {

struct FakeTool {
  std::string owner = "toolrack", slug = "seo", version = "1.0.0";
  std::vector<std::string> skills = {"run"};
  std::vector<std::string> aliases = {}, categories = {};
  std::string description = "d";
  std::string prefix = slug;
  bool bundled = false;

  std::shared_ptr<Tool> make() const {
    auto tool = std::make_shared<Tool>();
    tool->owner = owner;
    tool->slug = slug;
    tool->version = version;
    tool->prefix = prefix;
    tool->aliases = aliases;
    tool->categories = categories;
    tool->title = slug;
    tool->description = description;
    tool->status = "stable";
    tool->source = "native";
    tool->bundled = bundled;
    for (const auto& name : skills) {
      Skill skill;
      skill.tool = tool.get();
      skill.index = static_cast<std::uint32_t>(tool->skills.size());
      skill.name = name;
      skill.flat_name = prefix.empty() ? name : prefix + "_" + name;
      skill.title = name;
      skill.description = "Does " + name + ".";
      skill.input_schema = R"({"type":"object"})";
      tool->skills.push_back(std::move(skill));
    }
    return tool;
  }
};

}  // namespace toolrack::registry
