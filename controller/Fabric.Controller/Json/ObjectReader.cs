using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Fabric.Controller.Contracts;
using Fabric.Controller.Http;
using Fabric.Intent;
using Fabric.Intent.Resources;

namespace Fabric.Controller.Json;

/// <summary>
/// Reads the members of one JSON object, each at most once, and notes every error with its place. Members that nobody asked for
/// are errors, too: call <see cref="End"/> last.
/// </summary>
public sealed class ObjectReader
{
    private readonly Dictionary<string, JsonElement> _members = new(StringComparer.Ordinal);
    private readonly List<FieldError> _errors;
    private readonly string _root;

    /// <summary>Opens an object.</summary>
    /// <param name="element">The object.</param>
    /// <param name="root">Its JSON pointer.</param>
    /// <param name="errors">Where errors go.</param>
    public ObjectReader(JsonElement element, string root, List<FieldError> errors)
    {
        _root = root;
        _errors = errors;
        if (element.ValueKind != JsonValueKind.Object)
        {
            errors.Add(new FieldError(root, "must be an object"));
            return;
        }

        foreach (var member in element.EnumerateObject())
        {
            _members.Add(member.Name, member.Value);
        }
    }

    /// <summary>Opens the object that a request's body is.</summary>
    /// <exception cref="ProblemException">It is none, or has text that is no Unicode.</exception>
    public static T ReadBody<T>(JsonDocument body, Func<ObjectReader, T> read)
    {
        var errors = new List<FieldError>();
        try
        {
            var reader = new ObjectReader(body.RootElement, "", errors);
            var result = errors.Count > 0 ? default : read(reader);
            return errors.Count == 0 ? result! : throw new ProblemException(Problems.Invalid([.. errors]));
        }
        catch (InvalidOperationException e)
        {
            // What JsonElement throws for an escaped half of a surrogate pair.
            throw new ProblemException(Problems.Malformed($"the body has text that is not well-formed Unicode: {e.Message}"));
        }
    }

    /// <summary>Notes an error of a member.</summary>
    public void Fail(string name, string message) => _errors.Add(new FieldError($"{_root}/{name}", message));

    /// <summary>Takes a member as it is; null when it is absent or JSON null.</summary>
    public JsonElement? Take(string name) => _members.Remove(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>Takes a string.</summary>
    public string? Text(string name, bool required = false)
    {
        if (Take(name) is not { } value)
        {
            if (required)
            {
                Fail(name, "is required");
            }

            return null;
        }

        if (value.ValueKind == JsonValueKind.String)
        {
            return value.GetString();
        }

        Fail(name, "must be a string");
        return null;
    }

    /// <summary>Takes a whole number of at least 0.</summary>
    public long? Number(string name)
    {
        if (Take(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= 0)
        {
            return number;
        }

        Fail(name, "must be a whole number of at least 0");
        return null;
    }

    /// <summary>Takes a time (RFC 3339).</summary>
    public DateTimeOffset? Time(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (DateTimeOffset.TryParseExact(
            text, ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
        {
            return time;
        }

        Fail(name, "must be a time such as 2030-01-31T00:00:00Z");
        return null;
    }

    /// <summary>Takes labels; null when there are none.</summary>
    public ImmutableSortedDictionary<string, string>? Labels()
    {
        const string name = "labels";
        if (Take(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Object)
        {
            Fail(name, "must be an object whose values are strings");
            return null;
        }

        var labels = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var label in value.EnumerateObject())
        {
            if (label.Value.ValueKind == JsonValueKind.String)
            {
                labels[label.Name] = label.Value.GetString()!;
            }
            else
            {
                Fail($"{name}/{JsonFault.Escape(label.Name)}", "must be a string");
            }
        }

        return labels.ToImmutable();
    }

    /// <summary>Takes a spec.</summary>
    public ResourceSpec? Spec(ResourceKind kind)
    {
        const string name = "spec";
        if (Take(name) is not { } value)
        {
            Fail(name, "is required");
            return null;
        }

        if (value.ValueKind != JsonValueKind.Object)
        {
            Fail(name, "must be an object");
            return null;
        }

        if (NullElement(value, $"{_root}/{name}") is { } hole)
        {
            _errors.Add(new FieldError(hole, "must not be null"));
            return null;
        }

        try
        {
            return IntentJson.ReadSpec(kind, value);
        }
        catch (JsonException e)
        {
            _errors.Add(JsonFault.Of(e, $"{_root}/{name}"));
            return null;
        }
    }

    /// <summary>Notes the members that nobody took.</summary>
    public void End()
    {
        foreach (var name in _members.Keys)
        {
            var shown = name.Length > 64 ? name[..64] + "…" : name;
            _errors.Add(new FieldError($"{_root}/{JsonFault.Escape(shown)}", $"unknown field '{shown}'"));
        }
    }

    /// <summary>Where a list has a null in it, which no list of a spec may have; the serializer would let it through.</summary>
    private static string? NullElement(JsonElement element, string pointer) => element.ValueKind switch
    {
        JsonValueKind.Array => element.EnumerateArray()
            .Select((item, i) => item.ValueKind == JsonValueKind.Null ? $"{pointer}/{i}" : NullElement(item, $"{pointer}/{i}")).FirstOrDefault(p => p is not null),
        JsonValueKind.Object => element.EnumerateObject().Select(m => NullElement(m.Value, $"{pointer}/{JsonFault.Escape(m.Name)}")).FirstOrDefault(p => p is not null),
        _ => null,
    };
}
