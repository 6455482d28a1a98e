/// From a manifest that satisfies its schema to a Tool, with the checks that the schema cannot express. Private to the
/// registry.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/json.hpp"
#include "registry/input_validator.hpp"
#include "registry/tool.hpp"

namespace toolrack::registry {

/// Reads one manifest once. The document must satisfy the schema, or members are read as absent.
class ManifestReader {
 public:
  /// `compact_text` is the same document as text, for the schemas; both must stay for the reader's life.
  ManifestReader(const base::json::Value& document, std::string_view compact_text)
      : document_(document), text_(compact_text) {}

  std::shared_ptr<Tool> read();
  /// What is wrong, in the order of reading. Not empty: the tool must not be used.
  std::vector<Violation>& violations() noexcept { return violations_; }

 private:
  using Value = base::json::Value;

  void read_identity(Tool& tool);
  void read_providers(Tool& tool);
  void read_credentials(Tool& tool);
  void check_port(std::string_view url, const std::string& pointer);
  void read_placement(Credential& credential, const Value* placement, const std::string& pointer);
  void read_placed_value(Credential& credential, std::optional<std::string_view> given, const std::string& pointer);
  void read_grants(Tool& tool);
  void read_knowledge(Tool& tool);
  // manifest_offers.cpp
  void read_resources(Tool& tool);
  void read_prompts(Tool& tool);
  void read_dynamic(Tool& tool);
  /// The member `meta` of a skill, a resource or a prompt.
  void check_meta(const Value& object, const std::string& pointer);
  void read_skill(Tool& tool, const Value& value, std::string_view text, std::size_t index);
  void read_schemas(Skill& skill, const Value& value, std::string_view text, const std::string& pointer);
  void read_examples(Skill& skill, const Value& value, const std::string& pointer);
  void read_backends(const Tool& tool, Skill& skill, const Value& value, const std::string& pointer);
  void read_limits(const Tool& tool, Skill& skill, const Value& value);
  base::Money read_price(const Value* price, const std::string& pointer);
  base::Money read_money(std::string_view dollars, const std::string& pointer);
  void check_flat_name(const Tool& tool, const Skill& skill, const std::string& pointer);

  void violate(std::string pointer, std::string message);

  const Value& document_;
  std::string_view text_;
  std::vector<Violation> violations_;
  std::unordered_map<std::string, std::size_t> skill_names_;  // To their place.
};

}  // namespace toolrack::registry
