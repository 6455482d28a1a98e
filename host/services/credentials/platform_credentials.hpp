/// The rack's own credentials, as the operator gives them: variables of the environment and systemd credentials.
///
/// `TOOLRACK_CREDENTIAL_<NAME>_<FIELD>` is one field, `TOOLRACK_CREDENTIAL_<NAME>` the only field that must be given,
/// or all of them as a JSON object. In `$CREDENTIALS_DIRECTORY` the files are `<name>.<field>` and `<name>`, one line
/// end at their end left out. The environment comes first.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "registry/credential.hpp"

namespace toolrack::services::credentials {

inline constexpr std::string_view kVariablePrefix = "TOOLRACK_CREDENTIAL_";

/// What sets the whole credential, or one field: "TOOLRACK_CREDENTIAL_KRAKEN_API_KEY".
std::string variable_name(std::string_view credential);
std::string variable_name(std::string_view credential, std::string_view field);

/// Immutable after construction; any thread.
class PlatformCredentials {
 public:
  using Values = std::map<std::string, std::string, std::less<>>;

  PlatformCredentials() = default;
  /// `variables` by their whole names; `files` by theirs.
  PlatformCredentials(Values variables, Values files);
  PlatformCredentials(PlatformCredentials&&) = default;
  PlatformCredentials& operator=(PlatformCredentials&&) = default;

  /// Reads this process's environment and $CREDENTIALS_DIRECTORY, and overwrites the variables where they stand, so
  /// that neither a plugin, nor a child, nor /proc/PID/environ shows them. Before the first thread.
  static PlatformCredentials take_from_process();

  /// What `take_from_process` took out of the environment, by whole names; for whoever takes this process's place.
  Values variables() const;

  /// Null when it is not set. A JSON object that stands for the whole credential is looked into.
  const std::string* find(const registry::Credential& credential, std::string_view field) const;

 private:
  static const std::string* find_in(const Values& values, const std::string& whole, const std::string& one,
                                    bool is_only_field);

  Values variables_, files_;
  /// Members of JSON objects, by "<name of the variable or file>\n<field>".
  static void unfold(Values& values);
};

}  // namespace toolrack::services::credentials
