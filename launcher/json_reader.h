// Reads one JSON object strictly: a field of the wrong type, a missing one or an unknown one is an
// error that names the file and the field's path. For the .cc files that decode our own formats.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"

namespace lockstep {

// InvalidArgument: "plan.json:3:7: ..." when the text is no JSON object.
Result<nlohmann::json> ParseJsonObject(std::string_view text, std::string_view file);

// The first error sticks; what is read after it keeps its default.
class JsonReader {
 public:
  // `object` outlives the reader. `path` is "" for the whole document, else "roles[0]".
  JsonReader(const nlohmann::json& object, std::string file, std::string path);

  // Leaves `out` as it is when the field is absent and not required.
  void Read(const char* field, std::string* out, bool required = false);
  void Read(const char* field, int* out);
  void Read(const char* field, std::int64_t* out);
  void Read(const char* field, bool* out);
  void Read(const char* field, std::vector<std::string>* out);
  void Read(const char* field, std::vector<std::vector<std::string>>* out);
  void Read(const char* field, std::map<std::string, std::string>* out);
  // nullptr when absent or wrong; the elements of an array, each an object.
  const nlohmann::json* ReadArray(const char* field);
  const nlohmann::json* ReadObject(const char* field);

  void Fail(const std::string& field, const std::string& why);
  std::string PathOf(const std::string& field) const;
  // Ok when every field was known and well-formed. Call last.
  Status Finish();

 private:
  const nlohmann::json* Find(const char* field);
  bool ReadStrings(const std::string& field, const nlohmann::json& value,
                   std::vector<std::string>* out);

  const nlohmann::json& object_;
  std::string file_;
  std::string path_;
  std::vector<std::string> known_;
  Status status_;
};

}  // namespace lockstep
