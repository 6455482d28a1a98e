/// Tools and skills as the rest of the host sees them: what a manifest says, compiled once, immutable afterwards.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/money.hpp"
#include "base/result.hpp"
#include "registry/credential.hpp"
#include "registry/document.hpp"
#include "registry/handler.hpp"

namespace toolrack::registry {

struct Tool;
class InputValidator;
class UriTemplate;

enum class Mode : std::uint8_t { kInline, kPooled, kBlocking };

/// How the state of a plugin that is replaced while it serves gets to the next one.
enum class StateHandOver : std::uint8_t {
  kNone,
  kLive,       ///< Saved while the old one serves.
  kFinal,      ///< Saved when the old one has drained, loaded into the new one while that serves.
  kExclusive,  ///< Only one may exist: the new one is made when the old one is gone.
};

struct Provider {
  std::string slug, base_url, credential, cost_json, options_json;
  std::chrono::milliseconds timeout{30'000};
  std::uint32_t concurrency = 16;  ///< Requests at once.
};

/// A provider that can serve a skill, with what differs for that skill.
struct SkillBackend {
  std::string provider;           ///< Slug among Tool::providers.
  base::Money price;              ///< Per call, before markup: its own, else the skill's.
  std::string options_json = {};  ///< The provider's with what the skill adds; an object, or empty.
};

/// "5/h": at most `count` calls in `window`, counted per rack, account or credential.
struct ClassLimit {
  enum class Scope : std::uint8_t { kRack, kAccount, kCredential };
  Scope scope = Scope::kAccount;
  std::uint32_t count = 0;
  std::chrono::seconds window{3600};
  std::string name;  ///< Skills with the same name share the count.
};

struct Example {
  std::string description, input_json;
};

/// An argument that MCP clients (2026-07-28) repeat in a header, for whoever stands between and reads no bodies.
struct HeaderArgument {
  std::string header;             ///< "Mcp-Param-Region".
  std::vector<std::string> path;  ///< Members from the arguments to the value.
};

struct Skill {
  const Tool* tool = nullptr;
  Kind kind = Kind::kSkill;  ///< Others are the tool's `services`, which nobody calls by name.
  std::uint32_t index = 0;  ///< Position in the manifest; services count on, and one number stands for all listed ones.
  bool is_listed = false;   ///< The plugin lists it itself: it does not stand in the manifest.
  std::string name, flat_name;  ///< `ticker`, `kraken_ticker`.
  std::string renamed_from;     ///< The manifest's flat name, where a tool set gives it another; else empty.
  std::string title, description, returns;
  /// As written in the manifest, token for token, without white space between them (a line of MCP over stdio or SSE
  /// must hold no line break). Output may be empty.
  std::string input_schema, output_schema;
  /// False: the output schema's root is not `type: object`, which MCP before 2026-07-28 refuses.
  bool has_object_output = true;
  /// The plugin's output schema names members `*_path`: files that become assets (file_outputs.hpp). What callers see
  /// instead stands in `output_schema`.
  bool has_file_output = false;
  std::string annotations_json;                  ///< MCP annotations object, or empty.
  std::string meta_json;                         ///< MCP _meta object, or empty.
  std::vector<HeaderArgument> header_arguments;  ///< What `x-mcp-header` in the input schema says.
  std::vector<Example> examples;
  base::Money price;                   ///< Per call, before markup.
  std::vector<SkillBackend> backends;  ///< Best first, as the author sees it.
  std::vector<ClassLimit> limits;
  Mode mode = Mode::kPooled;
  std::chrono::milliseconds timeout{30'000};
  double estimated_seconds = 0;
  bool approval = false;  ///< A person agrees to each call.
  bool confirm = false, async = false, idempotent = false, read_only = false;
  bool job_only = false;    ///< Always a job, and none for a caller who knows no jobs but would wait for the end.
  bool asks_first = false;  ///< Whoever calls is asked before the call becomes a job, not by the job.
  bool resumable = false;   ///< As a job it may be run again after a restart (docs/jobs.md).
  std::chrono::seconds cache_ttl{0};  ///< How long an answer may be given again; only of one that reads.
  base::Money cached_price;           ///< Of an answer that is given again, before markup.
  std::shared_ptr<const InputValidator> input_validator;
  std::shared_ptr<const InputValidator> output_validator;  ///< Null without an output schema.
  std::shared_ptr<Handler> handler;
  /// The same for every key, and never a word that a client has chosen.
  const std::string& manifest_flat_name() const noexcept { return renamed_from.empty() ? flat_name : renamed_from; }
  /// May it run a second time although the first run reached the far end?
  bool is_repeatable() const noexcept { return read_only || idempotent; }
  /// Seconds after which old clients poll a job instead of waiting; ≥ 30 means async.
  bool is_long() const noexcept { return async || estimated_seconds >= 30; }
};

/// Something to read: one URI, or the family of a URI template.
struct Resource {
  const Tool* tool = nullptr;
  std::string uri;                                  ///< Or the text of the template.
  std::shared_ptr<const UriTemplate> uri_template;  ///< Null: the one URI.
  std::string name, title, description, media_type;
  std::optional<std::int64_t> size;                     ///< In bytes.
  std::string annotations_json, icons_json, meta_json;  ///< As MCP has them, or empty.
};

struct PromptArgument {
  std::string name, title, description;
  bool required = false;
};

/// A template of messages that a person picks.
struct Prompt {
  const Tool* tool = nullptr;
  std::string name, flat_name;  ///< `review`, `github_review`.
  std::string title, description;
  std::vector<PromptArgument> arguments;
  std::string icons_json, meta_json;  ///< As MCP has them, or empty.

  const PromptArgument* find_argument(std::string_view name) const noexcept;
};

struct Tool {
  std::string owner, slug, version, prefix;
  std::vector<std::string> aliases, categories;
  std::string title, description, status;  ///< status: stable, beta, alpha, deprecated.
  std::string source;                      ///< native, declarative, mcp, rest, builtin.
  std::string build_id;                    ///< Of the library; empty for other sources.
  std::string manifest_json;               ///< As loaded.
  std::vector<Provider> providers;
  std::vector<Credential> credentials;
  std::vector<std::string> granted_hosts, granted_tools, granted_secrets;
  std::vector<Document> knowledge;  ///< Of the manifest, then of its files in the order of their names.
  bool eager = false;
  std::uint32_t max_concurrency = 0;  ///< 0: not limited.
  bool unload_never = false;
  StateHandOver state = StateHandOver::kNone;
  bool bundled = false;             ///< Ships with the program: wins a bare slug.
  std::vector<Skill> skills;        ///< Their `tool` points here, so a Tool is made once and never moved.
  std::vector<Resource> resources;  ///< With the templates.
  std::vector<Prompt> prompts;
  /// The plugin has more of them than stand here: resources and templates of its templates' families, prompts with its
  /// prefix.
  bool lists_resources = false, lists_templates = false, lists_prompts = false;
  bool lists_skills = false;  ///< Those that it has listed are among `skills`, behind the manifest's.
  /// How resources, prompts, completions and lists are run: as skills that have no name, one a kind. Empty for a tool
  /// that has none of them.
  std::vector<Skill> services;

  bool needs_code() const noexcept { return !services.empty(); }
  /// Null when the tool has nothing of the kind.
  const Skill* find_service(Kind kind) const noexcept;
  std::string id() const { return owner + "/" + slug; }
  const Provider* find_provider(std::string_view slug) const noexcept;
  const Credential* find_credential(std::string_view name) const noexcept;
};

}  // namespace toolrack::registry
