// Manifests: what the user's files say, decoded, with defaults, checked: everything that is wrong
// with all of them at once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "operators/api/decode.h"
#include "operators/api/object.h"

namespace lockstep {

struct FileFinding {
  std::string file;
  Finding finding;
};

struct Manifests {
  // Those that could be decoded: ConfigMaps, which others read, first; else as they are written.
  std::vector<Object> objects;
  std::vector<FileFinding> findings;

  bool has_errors() const;
};

// What becomes of fields that no kind has: an error, or they are left out, with a warning or
// without.
enum class UnknownFields : std::uint8_t { kError, kWarning, kIgnored };

struct LoadOptions {
  std::string default_namespace = {};  // of objects that name none; empty: "default"
  UnknownFields unknown_fields = UnknownFields::kError;
};

// `names`: files, directories (their *.yaml, *.yml and *.json in order) and "-" for standard input.
// Error: a file that cannot be read, or nothing in any of them.
Result<Manifests> LoadManifests(const std::vector<std::string>& names, const LoadOptions& options);

// "FILE:LINE:COLUMN: PATH: MESSAGE", leaving out what is not known.
std::string FormatFileFinding(const FileFinding& finding);
// All findings to stderr, then how many; the exit code for them (4 when there is an error, else 0).
int PrintFindings(const Manifests& manifests);

}  // namespace lockstep
