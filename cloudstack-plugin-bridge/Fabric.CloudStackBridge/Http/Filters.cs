using System.Globalization;

namespace Fabric.CloudStackBridge.Http;

/// <summary>The filters of a list: <c>filterByVpc=5</c>, <c>=5,6</c>, repeated, or with <c>[]</c> behind the name.</summary>
public static class Filters
{
    /// <summary>The ids that a filter names; null: it is absent.</summary>
    /// <exception cref="NetrisException">It names something else.</exception>
    public static IReadOnlySet<int>? Ids(HttpRequest request, string name)
    {
        var texts = request.Query.Where(q => q.Key == name || q.Key == name + "[]").SelectMany(q => q.Value)
            .SelectMany(v => (v ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).ToList();
        return texts.Count == 0 ? null : texts.Select(t =>
            int.TryParse(t, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : throw NetrisException.Field(name, "must be an id")).ToHashSet();
    }
}
