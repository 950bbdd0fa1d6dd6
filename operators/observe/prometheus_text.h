// Samples in Prometheus' text exposition format 0.0.4 (prometheus.io, "Exposition formats"). Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep {

// What a user asks for: a name, and the labels of one series if there are any.
struct PrometheusSeries {
  std::string name;
  std::optional<std::map<std::string, std::string>> labels;  // nullopt: whatever they are
  friend bool operator==(const PrometheusSeries&, const PrometheusSeries&) = default;
};

// NAME or NAME{LABEL="VALUE",...}; nullopt: neither.
std::optional<PrometheusSeries> ParsePrometheusSeries(std::string_view text);

// The last sample of `series` in `page`, as it is spelled there; nullopt: none. Lines that are no
// samples are passed over.
std::optional<std::string> LastPrometheusSample(std::string_view page,
                                                const PrometheusSeries& series);

}  // namespace lockstep
