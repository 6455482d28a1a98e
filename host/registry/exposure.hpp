/// Which names a caller sees at an MCP endpoint.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace toolrack::registry {

class Catalogue;
struct Prompt;
struct Resource;
struct Skill;
struct Tool;

/// Read from the query of the endpoint's URL. `/mcp`: the meta-tools; `?expose=flat`: every skill under its flat name;
/// `&tools=a,b@1` narrows to those tools, `b` in that version. Every flat name is callable at any exposure, and leads
/// to the version that the exposure names. Resources, URI templates and prompts are listed where skills are, and can be
/// read and asked for at any exposure.
struct Exposure {
  enum class Kind : unsigned char { kMeta, kFlat };
  Kind kind = Kind::kMeta;
  std::vector<std::string> tools;  ///< Sorted, with their @version; empty: all.

  /// kInvalidRequest names an unknown parameter value.
  static base::Result<Exposure> parse(std::string_view query);
  /// A text that is equal for equal exposures: the key of cached lists.
  std::string cache_key() const;
  /// The skills listed for kFlat, by flat name; kMeta lists none. kToolNotFound and kVersionNotFound for what is not
  /// there; kInvalidRequest when two of the versions have a flat name in common.
  base::Result<std::vector<const Skill*>> skills(const Catalogue& catalogue) const;
  /// Whether a flat name may lead to another version than the catalogue says; `find_flat` tells.
  bool has_pins() const noexcept;
  /// The skill of a flat name at this exposure; null when there is none. kToolNotFound and kVersionNotFound when it
  /// belongs to a tool whose version is not there.
  base::Result<const Skill*> find_flat(const Catalogue& catalogue, std::string_view flat_name) const;

  /// As `skills`, by URI, by the template's text, by flat name.
  base::Result<std::vector<const Resource*>> resources(const Catalogue& catalogue) const;
  base::Result<std::vector<const Resource*>> templates(const Catalogue& catalogue) const;
  base::Result<std::vector<const Prompt*>> prompts(const Catalogue& catalogue) const;
  /// The first tool whose version is named and that has `name`: the URI of a resource or of one of a template's family,
  /// the text of a template, the flat name of a prompt. Null: what the catalogue says is meant. An error when that
  /// belongs to a tool whose named version is not there, or does not have it.
  enum class Offer : unsigned char { kResource, kTemplate, kPrompt };
  base::Result<const Tool*> find_pinned(const Catalogue& catalogue, Offer offer, std::string_view name) const;
  /// The tools whose plugins list more of these themselves, by id and version.
  base::Result<std::vector<const Tool*>> listers(const Catalogue& catalogue, Offer offer) const;
  /// Are that tool's skills and offers listed here, in that version? `tool`: "owner/slug@version".
  bool shows(const Catalogue& catalogue, std::string_view tool) const;
};

}  // namespace toolrack::registry
