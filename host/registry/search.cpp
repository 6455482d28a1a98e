#include "registry/search.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/json.hpp"

namespace toolrack::registry {

namespace json = base::json;
using base::Result;
using text::Match;

namespace {

bool has_category(const Tool& tool, std::string_view category) {
  return category.empty() ||
         std::find(tool.categories.begin(), tool.categories.end(), category) != tool.categories.end();
}

bool wants_everything(std::string_view text) noexcept {
  return text == "*" || text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

void append_words(std::string& out, std::string_view words) {
  out += words;
  out += ' ';
}

/// Names, titles, descriptions and choices of what the skill takes.
std::string parameter_words(const Skill& skill) {
  std::string out;
  const auto schema = json::parse(skill.input_schema);
  if (!schema) return out;  // It was compiled, so this does not happen.
  const auto* properties = json::find(*schema, "properties");
  if (properties == nullptr || !properties->IsObject()) return out;
  for (const auto& [name, value] : properties->GetObject()) {
    append_words(out, json::view(name));
    append_words(out, json::find_string(value, "title").value_or(""));
    append_words(out, json::find_string(value, "description").value_or(""));
    if (const auto* choices = json::find(value, "enum"); choices != nullptr && choices->IsArray())
      for (const auto& choice : choices->GetArray())
        if (choice.IsString()) append_words(out, json::view(choice));
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<SearchIndex>> SearchIndex::create(std::span<const Tool* const> tools) {
  std::unique_ptr<SearchIndex> index(new SearchIndex);
  index->tools_.assign(tools.begin(), tools.end());
  index->tool_index_ = TRY(text::TextIndex::open({{"names", 10},
                                                  {"title", 8},
                                                  {"categories", 6},
                                                  {"skill_names", 4},
                                                  {"description", 2},
                                                  {"skill_texts", 1},
                                                  {"parameters", 1}}));
  index->skill_index_ = TRY(text::TextIndex::open({{"name", 6}, {"title", 4}, {"description", 1}, {"parameters", 1}}));
  TRY(index->add_tools());
  TRY(index->add_skills());
  index->vocabulary_.seal();
  return index;
}

Result<void> SearchIndex::add_tools() {
  TRY(tool_index_->begin());
  for (std::size_t i = 0; i < tools_.size(); ++i) {
    const auto& tool = *tools_[i];
    std::string names, categories, skill_names, skill_texts, parameters;
    append_words(names, tool.slug);
    append_words(names, tool.owner);
    for (const auto& alias : tool.aliases) append_words(names, alias);
    for (const auto& category : tool.categories) append_words(categories, category);
    for (const auto& skill : tool.skills) {
      append_words(skill_names, skill.name);
      append_words(skill_names, skill.title);
      append_words(skill_texts, skill.description);
      append_words(parameters, parameter_words(skill));
    }
    const std::string_view texts[] = {names,       tool.title, categories, skill_names, tool.description,
                                      skill_texts, parameters};
    for (const auto one : texts) vocabulary_.add(one);
    TRY(tool_index_->put(static_cast<std::int64_t>(i), texts));
  }
  return tool_index_->commit();
}

Result<void> SearchIndex::add_skills() {
  TRY(skill_index_->begin());
  for (const auto* tool : tools_) {
    for (const auto& skill : tool->skills) {
      const auto parameters = parameter_words(skill);
      const std::string_view texts[] = {skill.name, skill.title, skill.description, parameters};
      TRY(skill_index_->put(static_cast<std::int64_t>(skills_.size()), texts));
      skills_.push_back(&skill);
    }
  }
  return skill_index_->commit();
}

std::vector<SearchHit> SearchIndex::all(const SearchQuery& query) const {
  std::vector<SearchHit> hits;
  for (const auto* tool : tools_) {
    if (hits.size() >= query.limit) break;
    if (has_category(*tool, query.category)) hits.push_back({tool, 0, {}});
  }
  return hits;
}

std::vector<SearchHit> SearchIndex::search(const SearchQuery& query) const {
  if (wants_everything(query.text)) return all(query);
  auto found = tool_index_->search(query.text, tools_.size(), Match::kAll);
  std::string corrected;
  auto text = query.text;
  if (found && found->empty()) {
    if (auto meant = vocabulary_.correct(text)) {
      corrected = std::move(*meant);
      text = corrected;
      found = tool_index_->search(text, tools_.size(), Match::kAll);
    }
  }
  if (found && found->empty()) found = tool_index_->search(text, tools_.size(), Match::kAny);
  std::vector<SearchHit> hits;
  if (!found) return hits;  // Not UTF-8: no tool has such words.
  for (const auto& [id, score] : *found) {
    if (hits.size() >= query.limit) break;
    const auto* tool = tools_[static_cast<std::size_t>(id)];
    if (has_category(*tool, query.category)) hits.push_back({tool, score, {}});
  }
  add_matching_skills(text, hits);
  return hits;
}

void SearchIndex::add_matching_skills(std::string_view text, std::vector<SearchHit>& hits) const {
  const auto found = skill_index_->search(text, skills_.size(), Match::kAny);
  if (!found) return;
  std::unordered_map<const Tool*, SearchHit*> by_tool;
  for (auto& hit : hits) by_tool.emplace(hit.tool, &hit);
  for (const auto& [id, score] : *found) {
    const auto* skill = skills_[static_cast<std::size_t>(id)];
    if (const auto hit = by_tool.find(skill->tool); hit != by_tool.end()) hit->second->skills.push_back(skill);
  }
}

}  // namespace toolrack::registry
