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
  // Those that could be decoded: ConfigMaps, Secrets and runtimes, which others read, first; else
  // as they are written. Jobs of other kinds are TrainingJobs, with findings at their own fields.
  std::vector<Object> objects;
  std::vector<FileFinding> findings;

  bool has_errors() const;
};

// What becomes of fields that no kind has: an error, or they are left out, with a warning or
// without.
enum class UnknownFields : std::uint8_t { kError, kWarning, kIgnored };

// What becomes of what is right and cannot be run on one machine by this version: an error, or a
// warning for those who only want to know whether it is right.
enum class Unsupported : std::uint8_t { kError, kWarning };

struct LoadOptions {
  std::string default_namespace = {};  // of objects that name none; empty: "default"
  UnknownFields unknown_fields = UnknownFields::kError;
  Unsupported unsupported = Unsupported::kError;
  // Where ConfigMaps are that the files do not hold; empty: that is not known.
  ConfigMapLookup config_maps = {};
  RuntimeLookup runtimes = {};  // the same of what TrainJobs are made of
};

// `names`: files, directories (their *.yaml, *.yml and *.json in order) and "-" for standard input.
// Of two that are the same object the second is an error. Error: a file that cannot be read, or
// nothing in any of them.
Result<Manifests> LoadManifests(const std::vector<std::string>& names, const LoadOptions& options);

// The ConfigMaps among `objects`, then those of `otherwise`; when that is empty: Unavailable.
ConfigMapLookup ConfigMapsIn(const std::vector<Object>& objects, ConfigMapLookup otherwise = {});

// "FILE:LINE:COLUMN: PATH: MESSAGE", leaving out what is not known.
std::string FormatFileFinding(const FileFinding& finding);
// All findings to stderr, then how many; the exit code for them (4 when there is an error, else 0).
int PrintFindings(const Manifests& manifests);

}  // namespace lockstep
