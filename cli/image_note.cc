#include "cli/image_note.h"

#include <set>

#include "operators/convert/convert.h"
#include "operators/convert/sample_trial.h"

namespace lockstep {
namespace {

void AddImages(const std::vector<Container>& containers, std::set<std::string>& images) {
  for (const Container& container : containers) {
    if (!container.image.empty()) images.insert(container.image);
  }
}

void AddImages(const TrainingJob& job, std::set<std::string>& images) {
  for (const JobRole& role : job.spec.roles) {
    if (role.host_only) continue;
    AddImages(role.pod_template.spec.init_containers, images);
    AddImages(role.pod_template.spec.containers, images);
  }
}

std::set<std::string> ImagesOf(const Object& object, const ConfigMapLookup& config_maps) {
  std::set<std::string> images;
  if (const auto* job = std::get_if<TrainingJob>(&object)) AddImages(*job, images);
  if (const auto* experiment = std::get_if<Experiment>(&object)) {
    const Result<Json> sample = RenderSample(*experiment, config_maps);
    if (!sample.ok()) return images;
    const auto converted = ConvertToTrainingJob({"", *sample, {}});
    if (converted.ok()) AddImages(converted->job, images);
  }
  return images;
}

}  // namespace

std::string ImageNote(const Object& object, const Json& settings,
                      const ConfigMapLookup& config_maps) {
  const Json known = settings.is_object() ? settings : Json::object();
  if (known.value("runtime", "") == "podman") return "";
  const Json map = known.value("imageMap", Json::object());
  std::string names;
  std::string first;
  std::size_t count = 0;
  for (const std::string& image : ImagesOf(object, config_maps)) {
    if (map.contains(image)) continue;
    if (count++ == 0) first = image;
    names += (names.empty() ? "" : ", ") + image;
  }
  if (count == 0) return "";
  return (count == 1 ? "image " + names + " is" : "images " + names + " are") +
         " not pulled: the programs run on this machine as it is (--image-map " + first +
         "=DIR|host, --runtime podman)";
}

}  // namespace lockstep
