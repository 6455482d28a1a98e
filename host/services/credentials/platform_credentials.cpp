#include "services/credentials/platform_credentials.hpp"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include "base/json.hpp"

namespace toolrack::services::credentials {
namespace {

constexpr std::size_t kMaxFile = 64 << 10;

std::string upper(std::string_view text) {
  std::string out(text);
  for (auto& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == '-') c = '_';
  }
  return out;
}

/// The variables with our prefix; what stood in the process's own block is overwritten.
PlatformCredentials::Values take_variables() {
  PlatformCredentials::Values out;
  for (auto** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (!text.starts_with(kVariablePrefix) || equals == std::string_view::npos) continue;
    out.emplace(text.substr(0, equals), text.substr(equals + 1));
    OPENSSL_cleanse(*entry + equals + 1, text.size() - equals - 1);
  }
  for (const auto& [name, value] : out) unsetenv(name.c_str());
  return out;
}

PlatformCredentials::Values read_files(const std::filesystem::path& directory) {
  PlatformCredentials::Values out;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (!entry.is_regular_file(error) || entry.file_size(error) > kMaxFile) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    out.emplace(entry.path().filename().string(), std::move(text));
  }
  return out;
}

std::string member_key(std::string_view whole, std::string_view field) {
  return std::string(whole).append("\n").append(field);
}

}  // namespace

std::string variable_name(std::string_view credential) { return std::string(kVariablePrefix) + upper(credential); }

std::string variable_name(std::string_view credential, std::string_view field) {
  return variable_name(credential) + "_" + upper(field);
}

PlatformCredentials PlatformCredentials::take_from_process() {
  const auto* directory = getenv("CREDENTIALS_DIRECTORY");
  return {take_variables(), directory == nullptr ? Values() : read_files(directory)};
}

PlatformCredentials::PlatformCredentials(Values variables, Values files)
    : variables_(std::move(variables)), files_(std::move(files)) {
  unfold(variables_);
  unfold(files_);
}

void PlatformCredentials::unfold(Values& values) {
  Values members;
  for (const auto& [name, text] : values) {
    if (!text.starts_with('{')) continue;
    const auto object = base::json::parse(text);
    if (!object || !object->IsObject()) continue;
    for (const auto& [field, value] : object->GetObject())
      if (value.IsString()) members.emplace(member_key(name, base::json::view(field)), base::json::view(value));
  }
  values.merge(members);
}

PlatformCredentials::Values PlatformCredentials::variables() const {
  auto out = variables_;
  std::erase_if(out, [](const auto& entry) { return entry.first.find('\n') != std::string::npos; });  // Members.
  return out;
}

const std::string* PlatformCredentials::find_in(const Values& values, const std::string& whole, const std::string& one,
                                                bool is_only_field) {
  auto found = values.find(one);
  if (found == values.end() && is_only_field) found = values.find(whole);
  return found == values.end() ? nullptr : &found->second;
}

const std::string* PlatformCredentials::find(const registry::Credential& credential, std::string_view field) const {
  const auto* about = credential.find_field(field);
  const bool is_only = credential.required_fields() == 1 && about != nullptr && !about->optional;
  const auto whole = variable_name(credential.name);
  for (const auto& [values, all, one] :
       {std::tuple{&variables_, whole, variable_name(credential.name, field)},
        std::tuple{&files_, credential.name, credential.name + "." + std::string(field)}}) {
    if (const auto member = values->find(member_key(all, field)); member != values->end()) return &member->second;
    if (const auto* value = find_in(*values, all, one, is_only)) return value;
  }
  return nullptr;
}

}  // namespace toolrack::services::credentials
