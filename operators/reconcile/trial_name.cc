#include "operators/reconcile/trial_name.h"

namespace lockstep {

std::uint64_t StableHash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  // The finalizer of SplitMix64: FNV-1a alone leaves the last characters in the low bits.
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9U;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebU;
  return hash ^ (hash >> 31);
}

std::string TrialName(std::string_view experiment, std::string_view experiment_uid,
                      std::size_t index, const std::set<std::string>& taken) {
  constexpr char kDigits[] = "abcdefghijklmnopqrstuvwxyz0123456789";
  for (int salt = 0;; ++salt) {
    std::uint64_t hash = StableHash(std::string(experiment_uid) + "/" + std::to_string(index) +
                                    "/" + std::to_string(salt));
    std::string name = std::string(experiment) + "-";
    for (int i = 0; i < 8; ++i, hash /= 36) name += kDigits[hash % 36];
    if (!taken.contains(name)) return name;
  }
}

}  // namespace lockstep
